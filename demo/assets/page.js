/** Every story page: parameters first, then what the page says, what is true and what happened. */
import { showCode } from './code.js';
import { showEvents } from './events.js';
import { applyParameters } from './parameters.js';
import { showPeople } from './people.js';
import { openWindows } from './windows.js';

const live = document.getElementById('live');
applyParameters(live);
if (location.search) document.body.classList.add('part');
showCode(live, document.getElementById('code'), {
  file: location.pathname.split('/').at(-1),
  marked: live.dataset.marks.split(' '),
});
showEvents(document.getElementById('events'));
for (const list of document.querySelectorAll('[data-people]')) showPeople(list);
openWindows(document);
