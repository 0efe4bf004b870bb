/** Small drawings in the colour of the text around them. They say nothing by themselves: a text or a label is beside each. */
import type { ComponentChildren, JSX } from "preact";

function Icon({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export function CloseIcon(): JSX.Element {
  return (
    <Icon>
      <path d="M4 4l8 8M12 4l-8 8" />
    </Icon>
  );
}

export function SortIcon({ direction }: { readonly direction: "up" | "down" | "none" }): JSX.Element {
  return (
    <Icon>
      {direction !== "down" && <path d="M5 7l3-3 3 3" />}
      {direction !== "up" && <path d="M5 9l3 3 3-3" />}
    </Icon>
  );
}

export function SunIcon(): JSX.Element {
  return (
    <Icon>
      <circle cx="8" cy="8" r="3" />
      <path d="M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1" />
    </Icon>
  );
}

export function MoonIcon(): JSX.Element {
  return (
    <Icon>
      <path d="M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z" />
    </Icon>
  );
}

export function SystemIcon(): JSX.Element {
  return (
    <Icon>
      <rect x="1.5" y="2.5" width="13" height="9" rx="1.5" />
      <path d="M5.5 14h5" />
    </Icon>
  );
}

export function CheckIcon(): JSX.Element {
  return (
    <Icon>
      <path d="M3 8.5l3.2 3.2L13 5" />
    </Icon>
  );
}

export function LogoIcon(): JSX.Element {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M3 16h9" />
      <path d="M12 16c6 0 5-9 11-9h6" />
      <path d="M12 16h17" />
      <path d="M12 16c6 0 5 9 11 9h6" />
    </svg>
  );
}
