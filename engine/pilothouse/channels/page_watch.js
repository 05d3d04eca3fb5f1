// Runs in a world of its own in the top document of every page, and tells what a tab strip wants to know.
(() => {
  if (window !== window.top) return;
  const longest = 16384;
  const icon = () => {
    const link = document.querySelector('link[rel~="icon" i][href]');
    const fallback = location.protocol.startsWith('http') ? new URL('/favicon.ico', location.href).href : '';
    const url = link instanceof HTMLLinkElement ? link.href : fallback;
    return url.length <= longest ? url : '';
  };
  let told = '';
  const tell = () => {
    const state = JSON.stringify({
      visible: document.visibilityState === 'visible',
      focused: document.hasFocus(),
      title: document.title.slice(0, 1024),
      icon: icon(),
    });
    if (state !== told) pilothouseWatch((told = state));
  };
  // A page may change its title a thousand times a second. Whether it is seen is told at once.
  let resting = false;
  const tellSoon = () => {
    if (resting) return;
    tell();
    resting = true;
    setTimeout(() => {
      resting = false;
      tell();
    }, 100);
  };
  const watchHead = () => {
    const head = { attributes: true, characterData: true, childList: true, subtree: true };
    if (document.head) new MutationObserver(tellSoon).observe(document.head, head);
    tell();
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', watchHead);
  else watchHead();
  document.addEventListener('visibilitychange', tell);
  for (const event of ['focus', 'blur', 'load', 'pageshow']) addEventListener(event, tell);
  tell();
})();
