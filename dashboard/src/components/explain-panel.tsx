/** Asks the balancer where a datagram of a client would go now, and shows its reasons. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { messageOf, withQuery } from "../api/client.js";
import type { ExplanationView } from "../api/views.js";
import { ExplanationCard } from "./explanation-card.js";
import { Notice } from "./notice.js";
import { usePage } from "./page-context.js";

interface ExplainPanelProps {
  readonly client: string;
  readonly listener: string;
}

export function ExplainPanel(props: ExplainPanelProps): JSX.Element {
  const { client: api, state, route } = usePage();
  const [client, setClient] = useState(props.client);
  const listeners = state.reading?.listeners ?? [];
  const [chosen, setChosen] = useState(props.listener);
  const listener = chosen || (listeners[0]?.name ?? "");
  const [answer, setAnswer] = useState<ExplanationView | undefined>(undefined);
  const [error, setError] = useState("");

  const ask = async () => {
    try {
      setAnswer(await api.json<ExplanationView>(withQuery("explain", { client: client.trim(), listener })));
      setError("");
    } catch (thrown) {
      setAnswer(undefined);
      setError(messageOf(thrown));
    }
  };
  // Once: a link that names a client is a question already.
  useEffect(() => {
    if (route.query.explain === undefined) return;
    void ask();
    document.getElementById("explain-title")?.scrollIntoView();
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    void ask();
  };
  return (
    <section class="card" aria-labelledby="explain-title">
      <h2 id="explain-title">Where would a client go?</h2>
      <p class="note">
        Asks the balancer what it would do with a datagram of this client now. Nothing is sent.
      </p>
      <form class="filters" onSubmit={submit}>
        <label class="field field-long">
          <span>Address of the client</span>
          <input
            type="text"
            required
            placeholder="192.0.2.1 or 192.0.2.1:4711"
            value={client}
            spellcheck={false}
            onInput={(event) => setClient(event.currentTarget.value)}
          />
        </label>
        <label class="field">
          <span>On listener</span>
          <select value={listener} onChange={(event) => setChosen(event.currentTarget.value)}>
            {listeners.map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="primary">
          Explain
        </button>
      </form>
      <div aria-live="polite">
        {error !== "" && (
          <Notice kind="error" title="That could not be explained">
            {error}
          </Notice>
        )}
        {answer !== undefined && <ExplanationCard explanation={answer} />}
      </div>
    </section>
  );
}
