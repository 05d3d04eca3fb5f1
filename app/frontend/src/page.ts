import './pilothouse-viewer';

const main = document.querySelector('main')!;
const form = document.querySelector<HTMLFormElement>('#choose')!;
const session = form.querySelector<HTMLInputElement>('#session')!;
const token = form.querySelector<HTMLInputElement>('#token')!;

// In the fragment, because a browser sends that to no server.
function readFragment(): { sessionId: string; token: string } {
  const fields = new URLSearchParams(location.hash.slice(1));
  return { sessionId: fields.get('session') ?? '', token: fields.get('token') ?? '' };
}

function show(): void {
  const chosen = readFragment();
  const complete = chosen.sessionId !== '' && chosen.token !== '';
  main.querySelector('pilothouse-viewer')?.remove();
  form.hidden = complete;
  if (complete) {
    const viewer = document.createElement('pilothouse-viewer');
    viewer.server = new URL('.', document.baseURI).href;
    viewer.sessionId = chosen.sessionId;
    viewer.token = chosen.token;
    main.append(viewer);
  } else {
    document.title = 'Pilothouse';
    session.value = chosen.sessionId;
    session.focus();
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  location.hash = new URLSearchParams({ session: session.value.trim(), token: token.value.trim() }).toString();
  form.reset();
});

let status = '';
let control = '';
function showTitle(): void {
  document.title = [status, control, 'Pilothouse'].filter(Boolean).join(' · ');
}
main.addEventListener('pilothouse-status', (event) => {
  status = event.detail.text;
  showTitle();
});
main.addEventListener('pilothouse-control', (event) => {
  control = event.detail.text;
  showTitle();
});

window.addEventListener('hashchange', show);
show();
