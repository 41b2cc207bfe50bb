import { createTheme, type MantineColorsTuple } from '@mantine/core'

const teal: MantineColorsTuple = [
  '#effaf8',
  '#d9f2ee',
  '#b1e4dc',
  '#7fd1c5',
  '#4fbcad',
  '#2aa596',
  '#0f8a7c',
  '#0f766e',
  '#115e58',
  '#134e4a',
]

export const theme = createTheme({
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  primaryColor: 'teal',
  primaryShade: { light: 7, dark: 5 },
  colors: { teal },
  defaultRadius: 'md',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  headings: { fontWeight: '620' },
  respectReducedMotion: true,
  components: { Modal: { defaultProps: { closeButtonProps: { 'aria-label': 'Close' } } } },
})
