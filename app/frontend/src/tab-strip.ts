import { shownAddress } from './address';
import type { BrowserTab } from './messages';

/** A tab as it is drawn. */
export interface TabLabel {
  readonly id: string;
  readonly title: string;
  readonly active: boolean;
  /** A data URL, or null. */
  readonly icon: string | null;
  /** What stands in for the icon. */
  readonly letter: string;
}

export function tabLabels(tabs: readonly BrowserTab[]): readonly TabLabel[] {
  return tabs.map(({ id, title, url, active, favicon }) => ({
    id,
    title: title.trim() || shownAddress(url) || 'New tab',
    active,
    icon: iconOf(favicon),
    letter: letterOf(url),
  }));
}

/** The address of the tab that is seen; empty when there is none. */
export function activeUrl(tabs: readonly BrowserTab[]): string {
  return tabs.find((tab) => tab.active)?.url ?? '';
}

// Icons from elsewhere would tell the sites of the remote browser who is watching, and most pages forbid them.
function iconOf(favicon: string | null): string | null {
  return favicon?.startsWith('data:image/') ? favicon : null;
}

function letterOf(url: string): string {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  const [first] = host.replace(/^www\./, '').replace(/^\W+/, '');
  return first?.toUpperCase() ?? '·';
}
