const guestName = document.querySelector<HTMLInputElement>('#name')!;
const greeting = document.querySelector<HTMLOutputElement>('#greeting')!;
const rings = document.querySelector<HTMLOutputElement>('#rings')!;
const emptyLog = greeting.value;
let count = 0;

guestName.addEventListener('input', () => {
  const guest = guestName.value.trim();
  greeting.value = guest ? `Ahoy, ${guest}!` : emptyLog;
});

document.querySelector('#log')!.addEventListener('submit', (event) => event.preventDefault());

document.querySelector('#bell')!.addEventListener('click', () => {
  count += 1;
  rings.value = count === 1 ? 'It has rung once.' : `It has rung ${count} times.`;
});
