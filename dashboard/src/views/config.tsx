/**
 * The config in force, and a way to change it that shows what would happen before it happens:
 *
 *   view ──► edit ──► review (plan and differences) ──► apply
 *                         ▲                               │ somebody else changed it meanwhile
 *                         └───────────── conflict ◄───────┘
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, messageOf } from "../api/client.js";
import type { PlanView, ProblemView, ReloadView } from "../api/views.js";
import { ConfigEditor } from "../components/config-editor.js";
import { ConfigReview } from "../components/config-review.js";
import { ConfigText } from "../components/config-text.js";
import { Notice, Waiting } from "../components/notice.js";
import { usePage } from "../components/page-context.js";
import { ReloadButton } from "../components/reload-button.js";
import { ViewHeader } from "../components/view-header.js";
import { describeChanges } from "../model/event-text.js";

interface InForce {
  readonly text: string;
  readonly etag: string;
}

interface Refusal {
  readonly message: string;
  readonly problems: readonly ProblemView[];
}

const YAML = "application/yaml";

export function ConfigView(): JSX.Element {
  const { client, state, watch, tell } = usePage();
  const [inForce, setInForce] = useState<InForce | undefined>(undefined);
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const [plan, setPlan] = useState<PlanView | undefined>(undefined);
  const [refusal, setRefusal] = useState<Refusal | undefined>(undefined);
  const [hasConflict, setHasConflict] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const version = state.reading?.status.configVersion;

  const load = async (): Promise<InForce> => {
    const response = await client.fetch("config", { headers: { accept: YAML } });
    const loaded = { text: await response.text(), etag: response.headers.get("etag") ?? "" };
    setInForce(loaded);
    return loaded;
  };
  const refuse = (error: unknown) =>
    setRefusal({ message: messageOf(error), problems: error instanceof ApiError ? error.problems : [] });

  // While somebody edits, what the draft began from stays; applying it finds out.
  useEffect(() => {
    if (version !== undefined && draft === undefined) load().catch(refuse);
  }, [version, draft === undefined]);

  const attempt = async (work: () => Promise<void>) => {
    setIsBusy(true);
    setRefusal(undefined);
    try {
      await work();
    } catch (error) {
      refuse(error);
    }
    setIsBusy(false);
  };
  const put = <T,>(path: string, etag: string) =>
    client.json<T>(path, { method: "PUT", body: draft, headers: { "content-type": YAML, "if-match": etag } });
  const review = () =>
    attempt(async () => {
      const { etag } = await load();
      setPlan(await put<PlanView>("config?dryRun=1", etag));
      setHasConflict(false);
    });
  const apply = () =>
    attempt(async () => {
      try {
        const result = await put<ReloadView>("config", inForce!.etag);
        tell(`Config v${result.version} is in force: ${describeChanges(result)}.`);
        leave();
        watch.pollSoon();
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 412)) throw error;
        setHasConflict(true);
        await load();
      }
    });
  const leave = () => {
    setDraft(undefined);
    setPlan(undefined);
    setRefusal(undefined);
    setHasConflict(false);
  };

  if (inForce === undefined) {
    return (
      <>
        <ViewHeader title="Config" />
        {refusal === undefined ? (
          <Waiting />
        ) : (
          <Notice kind="error" title="No config to show">
            {refusal.message}
          </Notice>
        )}
      </>
    );
  }
  const source = state.reading?.status.configSource;
  return (
    <>
      <ViewHeader
        title="Config"
        note={`Version ${version ?? ""} is in force${source === undefined ? "" : `, from ${SOURCES[source]}`}`}
      >
        {draft === undefined && (
          <>
            {source !== "program" && <ReloadButton />}
            <button
              type="button"
              class="primary"
              disabled={state.isReadOnly}
              onClick={() => setDraft(inForce.text)}
            >
              Edit
            </button>
          </>
        )}
      </ViewHeader>
      {draft === undefined && <ConfigText text={inForce.text} />}
      {draft !== undefined && plan === undefined && (
        <ConfigEditor
          text={draft}
          isChanged={draft !== inForce.text}
          isBusy={isBusy}
          refusal={refusal}
          onText={setDraft}
          onReview={review}
          onCancel={leave}
        />
      )}
      {draft !== undefined && plan !== undefined && (
        <ConfigReview
          before={inForce.text}
          after={draft}
          plan={plan}
          hasConflict={hasConflict}
          isBusy={isBusy}
          error={refusal?.message}
          onApply={apply}
          onReview={review}
          onEdit={() => setPlan(undefined)}
          onCancel={leave}
        />
      )}
    </>
  );
}

const SOURCES = {
  file: "its file",
  api: "the API; a reload of the file undoes it",
  program: "the program",
} as const;
