/** Asks for the token of the read API (`read.token`). */
import { useState } from 'preact/hooks';
import { UnauthorizedError, ask, keepToken } from '../api/client.js';

export function TokenForm({ onGiven }: { onGiven: () => void }) {
  const [token, setToken] = useState('');
  const [error, setError] = useState('');
  const check = async (): Promise<void> => {
    keepToken(token);
    try {
      await ask('/v1/alerts?limit=1', new AbortController().signal);
      onGiven();
    } catch (failure) {
      setError(failure instanceof UnauthorizedError ? 'This is not the token.' : (failure as Error).message);
    }
  };
  return (
    <form
      class="token"
      onSubmit={(event) => {
        event.preventDefault();
        void check();
      }}
    >
      <h1>tcewatch</h1>
      <p>This collector asks for the token of its read API. It is kept until you close this tab.</p>
      <label class="field">
        <span>Token</span>
        <input
          type="password"
          name="token"
          autocomplete="current-password"
          required
          value={token}
          onInput={(event) => {
            setToken(event.currentTarget.value);
          }}
        />
      </label>
      <button type="submit">Continue</button>
      <p class="problem" role="alert">
        {error}
      </p>
    </form>
  );
}
