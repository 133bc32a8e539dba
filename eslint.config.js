import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  // The preview's packages are installed when pictures are taken, which checks its types then.
  { ignores: ['**/dist/', '**/gen/', 'coverage/', '**/*.cjs', 'dashboards/preview/'] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ['*/tsconfig.json', 'page/test/tsconfig.json', 'tsconfig.test.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      // tsc requires brackets for index signatures (noPropertyAccessFromIndexSignature).
      '@typescript-eslint/dot-notation': 'off',
      // Enumerators on the wire are the vocabulary's order plus one.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 300 }],
      'no-console': 'error',
    },
  },
  {
    files: [
      'demo/src/**',
      'bench/src/**',
      'lab/src/**',
      'soak/src/**',
      'scripts/**',
      'agent/src/cli/**',
      'collector/src/cli/**',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['*/src/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "CallExpression[callee.property.name='set'] > ArrayExpression > SpreadElement",
          message: 'copies all items for each one that is added: use groupBy, or push',
        },
      ],
    },
  },
  { files: ['*/test/**'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  // The compiler knows the names of Node.
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked], rules: { 'no-undef': 'off' } },
);
