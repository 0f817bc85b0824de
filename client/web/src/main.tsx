/** Start the client on the page. */
import { render } from "solid-js/web";
import { App } from "./App";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/ui.css";

/** Once for each build: this page is of an older one, whose parts the server does not have any more. */
addEventListener("vite:preloadError", (failed) => {
  const script = document.querySelector<HTMLScriptElement>("script[type=module]")?.src ?? "";
  if (sessionStorage.getItem("voicechat.reloaded") === script) return;
  sessionStorage.setItem("voicechat.reloaded", script);
  failed.preventDefault();
  location.reload();
});

render(() => <App />, document.getElementById("app")!);
