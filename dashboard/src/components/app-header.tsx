/** The top of the page: name, the way to each view, the connection, and the switch between light and dark. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { hrefOf, type ViewName } from "../model/route.js";
import { applyTheme, storedTheme, THEMES, type Theme } from "../model/theme.js";
import type { Connection } from "../model/watch.js";
import { LogoIcon, MoonIcon, SunIcon, SystemIcon } from "./icons.js";
import { usePage } from "./page-context.js";

const LINKS: readonly (readonly [ViewName, string])[] = [
  ["overview", "Overview"],
  ["backends", "Backends"],
  ["drops", "Drops"],
  ["flows", "Flows"],
  ["events", "Events"],
  ["config", "Config"],
];

const CONNECTIONS: Readonly<Record<Connection, string>> = {
  connecting: "Connecting",
  live: "Live",
  lost: "Not connected",
  locked: "Locked",
};

export function AppHeader(): JSX.Element {
  const { state, route } = usePage();
  return (
    <header class="app-header">
      <a class="brand" href={hrefOf("overview")} aria-label="sluice, overview">
        <LogoIcon />
        <span>sluice</span>
      </a>
      <nav aria-label="Views">
        <ul>
          {LINKS.map(([view, label]) => (
            <li key={view}>
              <a href={hrefOf(view)} aria-current={view === route.view ? "page" : undefined}>
                {label}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="header-end">
        {state.isReadOnly && (
          <span class="tag" title="This token may look, but not change anything">
            Read only
          </span>
        )}
        <span class={`connection connection-${state.connection}`}>{CONNECTIONS[state.connection]}</span>
        <ThemeSwitch />
      </div>
    </header>
  );
}

const THEME_ICONS: Readonly<Record<Theme, () => JSX.Element>> = {
  system: SystemIcon,
  light: SunIcon,
  dark: MoonIcon,
};

function ThemeSwitch(): JSX.Element {
  const [theme, setTheme] = useState(storedTheme());
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  const Icon = THEME_ICONS[theme];
  const change = () => {
    applyTheme(next);
    setTheme(next);
  };
  const label = `Colours: ${theme === "system" ? "as the system" : theme}. Change to ${next === "system" ? "the system's" : next}`;
  return (
    <button type="button" class="icon-button theme-switch" aria-label={label} title={label} onClick={change}>
      <Icon />
    </button>
  );
}
