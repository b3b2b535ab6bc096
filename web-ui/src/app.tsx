// The frame around every page: header, navigation, and the page that the URL names.
import { Component, type ComponentChildren, type ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { session, session_error } from "./api/session";
import { OutdatedBar } from "./frame/connection";
import { Header } from "./frame/header";
import { Nav } from "./frame/nav";
import { SessionOver, SignInSteps } from "./frame/session_over";
import { PAGES, type Page } from "./pages/pages";
import { back, go, place as current_place, route } from "./router";
import { Dialogs } from "./ui/dialog";
import { useKeys, type KeyMap } from "./ui/keys";
import { open_keys_sheet } from "./ui/keys_sheet";
import { open_palette, PalettePlace } from "./ui/palette";
import { Failed, Loading } from "./ui/state";
import { Toasts } from "./ui/toast";

export function App() {
  return session.value ? <Frame /> : <SignIn />;
}

const GO_KEYS: KeyMap = Object.fromEntries(
  PAGES.filter((page) => page.key).map((page) => [`g ${page.key}`, { run: () => go(page.id), label: page.title }]),
);

const GENERAL_KEYS: KeyMap = {
  "mod-k": { run: open_palette, label: "Find pages, objects and actions", typing: true },
  ":": { run: open_palette, label: "" },
  "?": { run: open_keys_sheet, label: "This sheet" },
  Escape: { run: back, label: "Back" },
};

function Frame() {
  const place = current_place.value;
  const { page: id, parts } = route.peek();
  const page = PAGES.find((one) => one.id === id);
  const main = useRef<HTMLElement>(null);
  useKeys(GO_KEYS, { title: "Go to" });
  useKeys(GENERAL_KEYS, { title: "Everywhere" });
  useArrival(place, main);
  useEffect(() => {
    document.title = [...parts.slice(-1), page?.title ?? "Not found", "appliance"].join(" · ");
  }, [place]);
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Header />
      <Nav />
      <main id="main" class="main" ref={main} tabIndex={-1}>
        <OutdatedBar />
        <Caught key={place}>{page ? <Loaded key={page.id} page={page} /> : <NoPage />}</Caught>
      </main>
      <Toasts />
      <Dialogs />
      <PalettePlace />
      <SessionOver />
    </>
  );
}

// Another page: readers begin at its content, as after a load.
function useArrival(place: string, main: { current: HTMLElement | null }): void {
  const before = useRef(place);
  useEffect(() => {
    if (before.current === place) return;
    before.current = place;
    if (!document.querySelector("dialog[open]")) main.current?.focus({ preventScroll: true });
  }, [place]);
}

function NoPage() {
  return (
    <div class="empty">
      <h1>There is no such page</h1>
      <p>
        <button onClick={() => go("overview")}>Go to the overview</button>
      </p>
    </div>
  );
}

function Loaded({ page }: { page: Page }) {
  const [body, set_body] = useState<{ Body: ComponentType } | { error: unknown } | null>(null);
  useEffect(() => {
    let over = false;
    page.load().then(
      (module) => over || set_body({ Body: module.default }),
      (error: unknown) => over || set_body({ error }),
    );
    return () => void (over = true);
  }, [page]);
  if (!body) return <Loading />;
  if ("error" in body) return <Failed error={body.error} retry={() => location.reload()} />;
  return <body.Body />;
}

// A page that fails leaves the frame standing.
class Caught extends Component<{ children: ComponentChildren }, { error: unknown }> {
  override state = { error: null as unknown };
  override componentDidCatch(error: unknown): void {
    console.error(error);
    this.setState({ error });
  }
  override render() {
    if (this.state.error === null) return this.props.children;
    return <Failed error={this.state.error} retry={() => this.setState({ error: null })} />;
  }
}

function SignIn() {
  return (
    <main class="sign-in">
      <h1>appliance</h1>
      {session_error.value && <p role="alert">{session_error.value}</p>}
      <SignInSteps />
      <p>
        <button onClick={() => location.reload()}>Look again</button>
      </p>
    </main>
  );
}
