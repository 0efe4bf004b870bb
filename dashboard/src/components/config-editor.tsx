/** The config as text to change, and what is wrong with it. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { ProblemView } from "../api/views.js";
import { offsetOf } from "../model/text-position.js";

interface ConfigEditorProps {
  readonly text: string;
  readonly isChanged: boolean;
  readonly isBusy: boolean;
  readonly refusal: { readonly message: string; readonly problems: readonly ProblemView[] } | undefined;
  readonly onText: (text: string) => void;
  readonly onReview: () => void;
  readonly onCancel: () => void;
}

export function ConfigEditor(props: ConfigEditorProps): JSX.Element {
  const { text, isChanged, isBusy, refusal, onText, onReview, onCancel } = props;
  const area = useRef<HTMLTextAreaElement>(null);
  const show = ({ line, column }: ProblemView) => {
    const at = offsetOf(text, line ?? 1, column ?? 1);
    area.current?.focus();
    area.current?.setSelectionRange(at, at + 1);
  };
  return (
    <div class="editor">
      {refusal !== undefined && (
        <div class="notice notice-error" role="alert">
          <p class="notice-title">
            {refusal.problems.length > 0 ? "This config is not valid" : "That did not work"}
          </p>
          <p>{refusal.message}</p>
          <ul class="problems">
            {refusal.problems.map((problem) => (
              <li key={`${problem.path} ${problem.message}`}>
                {problem.line !== null && (
                  <button type="button" class="link" onClick={() => show(problem)}>
                    Line {problem.line}
                  </button>
                )}{" "}
                <code>{problem.path}</code> {problem.message}
              </li>
            ))}
          </ul>
        </div>
      )}
      <label class="field field-wide">
        <span>Config in YAML or JSON. It is put in force only; the file is not written.</span>
        <textarea
          ref={area}
          class="code"
          spellcheck={false}
          autocapitalize="off"
          wrap="off"
          value={text}
          aria-invalid={refusal !== undefined}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      </label>
      <div class="button-row">
        <button type="button" class="primary" disabled={!isChanged || isBusy} onClick={onReview}>
          Review changes
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        {!isChanged && <span class="note">Nothing is changed yet.</span>}
      </div>
    </div>
  );
}
