/**
 * Icons of Lucide 1.62 (https://lucide.dev), ISC Licence, © Lucide Icons and Contributors;
 * `clock` comes from Feather, MIT Licence, © 2013–present Cole Bemis.
 * Both licences ask that this notice stays with the paths.
 */
export const roomIcons = {
  alert: 'm21.7 18-8-14a2 2 0 0 0-3.4 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.7-3M12 9v4M12 17h.01',
  clock: 'M2 12a10 10 0 1 0 20 0a10 10 0 1 0-20 0M12 6v6l4 2',
  play: 'M5 5a2 2 0 0 1 3-1.7l12 7a2 2 0 0 1 0 3.4l-12 7A2 2 0 0 1 5 19z',
};
