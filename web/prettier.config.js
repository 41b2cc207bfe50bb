export default { semi: false, singleQuote: true, jsxSingleQuote: false, printWidth: 120 }
