// The frame around every page: header, navigation, and the page that the URL names.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { session, session_error } from "./api/session";
import { PAGES } from "./pages/pages";
import { href, route } from "./router";

export function App() {
  if (!session.value) return <SignIn />;
  const page = PAGES.find((one) => one.id === route.value.page) ?? PAGES[0]!;
  return (
    <>
      <header>appliance</header>
      <nav aria-label="Pages">
        {PAGES.filter((one) => one.nav).map((one) => (
          <a key={one.id} href={href(one.id)} aria-current={one === page ? "page" : undefined}>
            {one.title}
          </a>
        ))}
      </nav>
      <main id="main">
        <Loaded key={page.id} load={page.load} />
      </main>
    </>
  );
}

function Loaded({ load }: { load: () => Promise<{ default: ComponentType }> }) {
  const [Body, set_body] = useState<ComponentType | null>(null);
  useEffect(() => {
    void load().then((module) => set_body(() => module.default));
  }, [load]);
  return Body ? <Body /> : <p>Loading…</p>;
}

function SignIn() {
  return (
    <main class="sign-in">
      <h1>appliance</h1>
      {session_error.value && <p role="alert">{session_error.value}</p>}
      <p>
        Run <code>appliance dashboard</code> on a server of the cluster and open the link that it prints.
      </p>
    </main>
  );
}
