import hooks from 'eslint-plugin-react-hooks'
import { defineConfig } from 'eslint/config'
import types from 'typescript-eslint'

export default defineConfig({ ignores: ['src/lib/schema.d.ts', '*.config.*'] }, types.configs.recommendedTypeChecked, {
  plugins: { 'react-hooks': hooks },
  languageOptions: { parserOptions: { projectService: true } },
  rules: {
    'react-hooks/rules-of-hooks': 'error',
    'react-hooks/exhaustive-deps': 'error',
    '@typescript-eslint/no-unused-vars': [
      'error',
      { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' },
    ],
    // It does not see what an assertion tells whatever the expression is handed to.
    '@typescript-eslint/no-unnecessary-type-assertion': 'off',
    // Observable Plot hands data to its callbacks as any.
    '@typescript-eslint/no-unsafe-argument': 'off',
    '@typescript-eslint/no-unsafe-call': 'off',
    '@typescript-eslint/no-unsafe-member-access': 'off',
    '@typescript-eslint/no-unsafe-return': 'off',
    // Labels, contents and forms hold unknown values that are shown as they are.
    '@typescript-eslint/no-base-to-string': 'off',
    '@typescript-eslint/no-redundant-type-constituents': 'off',
    '@typescript-eslint/restrict-template-expressions': 'off',
    '@typescript-eslint/require-await': 'off',
  },
})
