/** One of a few, as a row of radio buttons: native ones, so that keyboard and screen readers know them. */
export interface ChoiceProps {
  legend: string;
  name: string;
  options: readonly { value: string; words: string }[];
  value: string;
  onChoose: (value: string) => void;
  /** The legend before the buttons instead of above them. */
  inline?: boolean;
}

export function Choice({ legend, name, options, value, onChoose, inline = false }: ChoiceProps) {
  return (
    <fieldset class={inline ? 'choice inline' : 'choice'}>
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => {
              onChoose(option.value);
            }}
          />
          <span>{option.words}</span>
        </label>
      ))}
    </fieldset>
  );
}
