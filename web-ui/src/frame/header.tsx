// The header of every page: verdict, namespace, search, connection, user.
import { session, close_session } from "../api/session";
import { useCollection } from "../live/collection";
import { href, namespace, set } from "../router";
import { Icon, type IconName } from "../ui/icons";
import { open_keys_sheet } from "../ui/keys_sheet";
import { open_palette } from "../ui/palette";
import { density, theme, THEMES, type Theme } from "../ui/preferences";
import { ConnectionMark } from "./connection";
import { VerdictLine } from "./verdict";

const is_mac = /Mac|iPhone|iPad/.test(navigator.platform);

function NamespaceChoice() {
  const found = useCollection({ kind: "namespaces" });
  found.version.value;
  const names = Array.from(found.rows.values(), (row) => row.n).sort();
  const chosen = namespace.value;
  if (chosen && !names.includes(chosen)) names.push(chosen); // it is in the URL, whether it exists or not
  return (
    <select
      class="namespace"
      aria-label="Namespace"
      value={chosen}
      onChange={(event) => set({ ns: event.currentTarget.value || undefined })}
    >
      <option value="">All namespaces</option>
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

const THEME_ICONS: Record<Theme, IconName> = { system: "system", light: "sun", dark: "moon" };
const THEME_WORDS: Record<Theme, string> = { system: "As the system", light: "Light", dark: "Dark" };

function Preferences() {
  return (
    <>
      <fieldset class="segments">
        <legend>Theme</legend>
        {THEMES.map((one) => (
          <label key={one}>
            <input type="radio" name="theme" checked={theme.value === one} onChange={() => (theme.value = one)} />
            <span>
              <Icon name={THEME_ICONS[one]} /> {THEME_WORDS[one]}
            </span>
          </label>
        ))}
      </fieldset>
      <fieldset class="segments">
        <legend>Rows</legend>
        {(["comfortable", "compact"] as const).map((one) => (
          <label key={one}>
            <input type="radio" name="density" checked={density.value === one} onChange={() => (density.value = one)} />
            <span>{one === "compact" ? "Compact" : "Comfortable"}</span>
          </label>
        ))}
      </fieldset>
    </>
  );
}

function UserMenu() {
  const me = session.value!;
  return (
    <>
      <button
        type="button"
        class="quiet user"
        popovertarget="user-menu"
        aria-label={`${me.user}: settings and sign out`}
      >
        <span class="avatar" aria-hidden="true">
          {me.user.slice(0, 1).toUpperCase()}
        </span>
      </button>
      <div id="user-menu" class="menu" popover="auto" role="group" aria-label="Settings">
        <p class="menu-user">
          <b>
            <bdi>{me.user}</bdi>
          </b>
          <span class="muted">{me.groups.filter((group) => group !== "system:authenticated").join(", ")}</span>
        </p>
        <Preferences />
        <div class="menu-buttons">
          <button
            type="button"
            class="quiet"
            popovertarget="user-menu"
            popovertargetaction="hide"
            onClick={open_keys_sheet}
          >
            Keyboard <kbd>?</kbd>
          </button>
          <button type="button" onClick={() => void close_session()}>
            Sign out
          </button>
        </div>
      </div>
    </>
  );
}

export function Header() {
  return (
    <header class="top">
      <a class="brand" href={href("overview")} aria-label="appliance: overview">
        <svg class="logo" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M2 4.5 8 1l6 3.5v7L8 15l-6-3.500z" />
          <path d="M5 6.200 8 4.500l3 1.700v3.600l-3 1.700-3-1.700z" />
        </svg>
        <span>appliance</span>
      </a>
      <VerdictLine />
      <ConnectionMark />
      <NamespaceChoice />
      <button type="button" class="search" onClick={open_palette} aria-keyshortcuts="Control+K">
        <Icon name="search" />
        <span>Find</span>
        <kbd aria-hidden="true">{is_mac ? "⌘ K" : "Ctrl K"}</kbd>
      </button>
      <UserMenu />
    </header>
  );
}
