import { tabStorage } from './client-id';
import { forgetToken, keepToken, keptToken, readFragment, withoutToken, type Chosen } from './kept-token';
import './pilothouse-viewer';

const ACCESS_REFUSED = 4401;

const main = document.querySelector('main')!;
const form = document.querySelector<HTMLFormElement>('#choose')!;
const session = form.querySelector<HTMLInputElement>('#session')!;
const token = form.querySelector<HTMLInputElement>('#token')!;
const storage = tabStorage();

/** What is to be shown. A token leaves the address bar as soon as this tab can keep it elsewhere. */
function choose(): Chosen {
  const { sessionId, token } = readFragment(location.hash);
  if (sessionId === '' || token === '') {
    return { sessionId, token: keptToken(storage, sessionId) };
  }
  if (keepToken(storage, { sessionId, token })) {
    history.replaceState(null, '', withoutToken(location.hash));
  }
  return { sessionId, token };
}

function show(): void {
  const chosen = choose();
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

let help = '';
let status = '';
let control = '';
function showTitle(): void {
  document.title = [help, status, control, 'Pilothouse'].filter(Boolean).join(' · ');
}
main.addEventListener('pilothouse-status', (event) => {
  status = event.detail.text;
  showTitle();
  if (event.detail.closeCode === ACCESS_REFUSED) {
    forgetToken(storage, readFragment(location.hash).sessionId); // so that a reload asks for another one
  }
});
main.addEventListener('pilothouse-control', (event) => {
  control = event.detail.text;
  showTitle();
});

main.addEventListener('pilothouse-help', ({ detail }) => {
  help = detail.state === 'waiting' ? `Help: ${detail.reason}` : '';
  showTitle();
});

window.addEventListener('hashchange', show);
show();
