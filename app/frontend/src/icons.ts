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
