/** The one-file bundle: everything of the package, the elements defined, the embedded driver inside. */
import './define.js';

export * from './index.js';
