import { render } from "preact";
import { open_session, session } from "./api/session";
import { App } from "./app";
import { start_stream } from "./live/stream";
import { follow_links } from "./router";
import "./styles/base.css";

const root = document.getElementById("app")!;
follow_links();
await open_session();
if (session.value) start_stream();
root.textContent = "";
render(<App />, root);
