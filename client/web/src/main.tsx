/** Start the client on the page. */
import { render } from "solid-js/web";
import { App } from "./App";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/ui.css";

render(() => <App />, document.getElementById("app")!);
