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
  const all = { attributes: true, characterData: true, childList: true, subtree: true };
  const observer = new MutationObserver(() => tellSoon());
  // Again and again: the document may have no head yet, be exchanged for another, or opened again, which takes
  // listeners away. What is watched already is not watched twice.
  const watch = () => {
    observer.observe(document, { childList: true });
    if (document.documentElement) observer.observe(document.documentElement, { childList: true });
    if (document.head) observer.observe(document.head, all);
    document.addEventListener('visibilitychange', tell);
    for (const event of ['focus', 'blur', 'load', 'pageshow']) addEventListener(event, tell);
  };
  let told = '';
  const tell = () => {
    watch();
    const state = JSON.stringify({
      visible: document.visibilityState === 'visible',
      focused: document.hasFocus(),
      title: document.title.slice(0, 1024),
      icon: icon(),
      ready: document.readyState === 'complete',
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
  tell();
})();
