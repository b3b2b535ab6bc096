// The beginning: who looks, then the stream, then the page.
import { render } from "preact";
import { follow_session, open_session, session } from "./api/session";
import { App } from "./app";
import { start_stream } from "./live/stream";
import { follow_links } from "./router";
import { follow_keys } from "./ui/keys";
import { follow_preferences } from "./ui/preferences";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/frame.css";
import "./styles/frame_narrow.css";
import "./styles/parts.css";
import "./styles/overlays.css";
import "./styles/table.css";

const root = document.getElementById("app")!;
follow_preferences();
follow_links();
follow_keys();
await open_session();
follow_session();
if (session.value) start_stream();
root.textContent = "";
render(<App />, root);
