/** Asks for the token when the API wants one. It stays in this tab's session storage, and goes with the tab. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Dialog } from "./dialog.js";
import { usePage } from "./page-context.js";

export function TokenDialog(): JSX.Element {
  const { client, watch, state } = usePage();
  const [token, setToken] = useState("");
  const wasRefused = client.hasToken;
  const submit = (event: Event) => {
    event.preventDefault();
    if (token.trim() !== "") watch.setToken(token.trim());
  };
  return (
    <Dialog title="A token is needed">
      <form onSubmit={submit}>
        <div class="dialog-body">
          <p>
            This balancer answers only to those who know its token: the value behind <code>admin.token</code>,
            or <code>admin.readToken</code> to look without touching.
          </p>
          <label class="field">
            <span>Token</span>
            <input
              type="password"
              autocomplete="off"
              spellcheck={false}
              value={token}
              aria-invalid={wasRefused}
              aria-describedby="token-note"
              onInput={(event) => setToken(event.currentTarget.value)}
            />
          </label>
          <p
            id="token-note"
            class={wasRefused ? "form-error" : "note"}
            role={wasRefused ? "alert" : undefined}
          >
            {wasRefused
              ? `Not accepted: ${state.refusal}.`
              : "Kept for this tab only, and forgotten when you close it."}
          </p>
        </div>
        <div class="dialog-buttons">
          <button type="submit" class="primary">
            Connect
          </button>
        </div>
      </form>
    </Dialog>
  );
}
