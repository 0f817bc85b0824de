/** Form parts: a labelled text field with its error beside it, a switch, a slider, a choice. */
import type { JSX } from "solid-js";
import { createUniqueId, For, Show, splitProps } from "solid-js";

export interface TextFieldProps extends JSX.InputHTMLAttributes<HTMLInputElement> {
  label: string;
  error?: string | null | undefined;
  hint?: string | undefined;
  onText: (text: string) => void;
  "data-testid"?: string;
}

export function TextField(props: TextFieldProps): JSX.Element {
  const id = createUniqueId();
  const [own, rest] = splitProps(props, ["label", "error", "hint", "onText", "required"]);
  return (
    <div class="field">
      <label for={id}>
        {own.label}
        <Show when={own.required}>
          <span class="required" aria-hidden="true">
            *
          </span>
        </Show>
      </label>
      <input
        type="text"
        {...rest}
        id={id}
        required={own.required}
        aria-invalid={own.error ? "true" : undefined}
        aria-describedby={own.error || own.hint ? `${id}-note` : undefined}
        onInput={(typing) => own.onText(typing.currentTarget.value)}
      />
      <Show when={own.error ?? own.hint}>
        {(note) => (
          <p
            id={`${id}-note`}
            class="field-note"
            classList={{ "is-error": Boolean(own.error) }}
            role={own.error ? "alert" : undefined}
          >
            {note()}
          </p>
        )}
      </Show>
    </div>
  );
}

export interface SwitchProps {
  label: string;
  note?: string | undefined;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
  testid?: string;
}

export function Switch(props: SwitchProps): JSX.Element {
  return (
    <label class="switch" classList={{ "is-disabled": props.disabled === true }}>
      <span class="switch-words">
        <span>{props.label}</span>
        <Show when={props.note}>
          <small>{props.note}</small>
        </Show>
      </span>
      <input
        type="checkbox"
        role="switch"
        checked={props.checked}
        disabled={props.disabled}
        data-testid={props.testid}
        onChange={(change) => props.onChange(change.currentTarget.checked)}
      />
    </label>
  );
}

export interface SliderProps {
  label: string;
  min: number;
  max: number;
  step: number;
  value: number;
  /** How the value is said: "80 %". */
  text: string;
  disabled?: boolean;
  onValue: (value: number) => void;
  testid?: string;
}

export function Slider(props: SliderProps): JSX.Element {
  const id = createUniqueId();
  return (
    <div class="slider">
      <div class="slider-words">
        <label for={id}>{props.label}</label>
        <output>{props.text}</output>
      </div>
      <input
        id={id}
        type="range"
        min={props.min}
        max={props.max}
        step={props.step}
        value={props.value}
        disabled={props.disabled}
        aria-valuetext={props.text}
        data-testid={props.testid}
        onInput={(sliding) => props.onValue(sliding.currentTarget.valueAsNumber)}
      />
    </div>
  );
}

export interface ChoiceProps {
  label: string;
  value: string;
  options: { value: string; label: string }[];
  onChoose: (value: string) => void;
  disabled?: boolean;
  testid?: string;
}

export function Choice(props: ChoiceProps): JSX.Element {
  const id = createUniqueId();
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <select
        id={id}
        disabled={props.disabled}
        data-testid={props.testid}
        onChange={(change) => props.onChoose(change.currentTarget.value)}
      >
        <For each={props.options}>
          {(option) => (
            <option value={option.value} selected={option.value === props.value}>
              {option.label}
            </option>
          )}
        </For>
      </select>
    </div>
  );
}

export interface RadiosProps {
  label: string;
  value: string;
  options: { value: string; label: string; note: string }[];
  onChoose: (value: string) => void;
  testid?: string;
}

/** A choice between few, each with a line about it. */
export function Radios(props: RadiosProps): JSX.Element {
  const name = createUniqueId();
  return (
    <fieldset class="radios" data-testid={props.testid}>
      <legend>{props.label}</legend>
      <For each={props.options}>
        {(option) => (
          <label class="radio" classList={{ "is-chosen": option.value === props.value }}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === props.value}
              onChange={() => props.onChoose(option.value)}
            />
            <span class="switch-words">
              <span>{option.label}</span>
              <small>{option.note}</small>
            </span>
          </label>
        )}
      </For>
    </fieldset>
  );
}

/** What went wrong with a whole form, beside its button. */
export function FormError(props: { text: string | null }): JSX.Element {
  return (
    <Show when={props.text}>
      <p class="form-error" role="alert" data-testid="form-error">
        {props.text}
      </p>
    </Show>
  );
}
