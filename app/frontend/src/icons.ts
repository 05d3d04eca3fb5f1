import { svg } from 'lit';

/** A ship's wheel: the mark of who has control. */
export const helm = svg`
  <svg part="helm" class="helm" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"
       fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round">
    <circle cx="12" cy="12" r="6.4" />
    <circle cx="12" cy="12" r="1.9" />
    <path d="M12 1.8v8.3M12 13.9v8.3M1.8 12h8.3M13.9 12h8.3" />
    <path d="M4.8 4.8l5.8 5.8M13.4 13.4l5.8 5.8M19.2 4.8l-5.8 5.8M10.6 13.4l-5.8 5.8" />
  </svg>
`;

const drawn = (lines: string) => svg`
  <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true"
       fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">
    <path d=${lines} />
  </svg>
`;

export const back = drawn('M19 12H5M11 6l-6 6 6 6');
export const forward = drawn('M5 12h14M13 6l6 6-6 6');
export const reload = drawn('M20 12a8 8 0 1 1-2.4-5.7M20 3.5V8h-4.5');
export const cross = drawn('M7 7l10 10M17 7L7 17');
export const copy = drawn('M9 9h11v11H9zM15 9V4H4v11h5');
export const paste = drawn('M9 5H6v15h12V5h-3M9 3.5h6v4H9zM12 11v5.5M9.5 14l2.5 2.5 2.5-2.5');
export const eye = drawn('M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 1 0 5.6a2.8 2.8 0 1 1 0-5.6z');
export const lifebuoy = drawn(
  'M12 3a9 9 0 1 1 0 18a9 9 0 1 1 0-18zM12 8.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7zM5.6 5.6l3.9 3.9M14.5 14.5l3.9 3.9M18.4 5.6l-3.9 3.9M9.5 14.5l-3.9 3.9',
);
