// Runs in a world of its own in the top document of every page, and tells what a tab strip wants to know.
(() => {
  if (window !== window.top) return;
  const icon = () => {
    const link = document.querySelector('link[rel~="icon" i][href]');
    const url = link ? link.href : location.protocol.startsWith('http') ? new URL('/favicon.ico', location.href).href : '';
    return url.length <= 16384 ? url : '';
  };
  let told = '';
  const tell = () => {
    const state = JSON.stringify({
      visible: document.visibilityState === 'visible',
      focused: document.hasFocus(),
      url: location.href.slice(0, 16384),
      title: document.title.slice(0, 1024),
      icon: icon(),
    });
    if (state !== told) pilothouseWatch((told = state));
  };
  const watchHead = () => {
    const head = { attributes: true, characterData: true, childList: true, subtree: true };
    if (document.head) new MutationObserver(tell).observe(document.head, head);
    tell();
  };
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', watchHead);
  else watchHead();
  document.addEventListener('visibilitychange', tell);
  for (const event of ['focus', 'load', 'pageshow', 'popstate', 'hashchange']) addEventListener(event, tell);
  window.navigation?.addEventListener('currententrychange', tell);
  tell();
})();
