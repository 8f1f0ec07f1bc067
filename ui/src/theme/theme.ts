import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core'

// White on the shade that a button wears has a contrast of 5.9 by day and 4.7 by night.
const stella: MantineColorsTuple = [
  '#e6effa',
  '#cfe0f5',
  '#b0cdf0',
  '#93bff5',
  '#78aef7',
  '#4d8ee0',
  '#2f74cb',
  '#1c5fb8',
  '#174f9a',
  '#123f7c',
]

// What Mantine calls dark, from text to the deepest ground: the night of tokens.css.
const dark: MantineColorsTuple = [
  '#e3e7eb',
  '#c3ccd4',
  '#98a4b0',
  '#5c6b79',
  '#3c4854',
  '#1d242b',
  '#12171b',
  '#151a1f',
  '#0e1216',
  '#0a0d10',
]

export const theme = createTheme({
  primaryColor: 'stella',
  primaryShade: { light: 7, dark: 6 },
  colors: { stella, dark },
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--mono)',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '15px', xl: '20px' },
  defaultRadius: 'sm',
  radius: { sm: '6px' },
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'xs' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 'md' } },
    TextInput: { defaultProps: { size: 'xs' } },
    PasswordInput: { defaultProps: { size: 'xs' } },
    Textarea: { defaultProps: { size: 'xs', autosize: true, minRows: 2 } },
    NativeSelect: { defaultProps: { size: 'xs' } },
    Checkbox: { defaultProps: { size: 'xs' } },
    SegmentedControl: { defaultProps: { size: 'xs' } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 200, multiline: true, maw: 320 } },
  },
})

const ours = {
  '--mantine-color-body': 'var(--surface)',
  '--mantine-color-text': 'var(--text)',
  '--mantine-color-bright': 'var(--text)',
  '--mantine-color-dimmed': 'var(--muted)',
  '--mantine-color-placeholder': 'var(--muted)',
  '--mantine-color-anchor': 'var(--accent)',
  '--mantine-color-error': 'var(--bad)',
  '--mantine-color-default': 'var(--surface)',
  '--mantine-color-default-hover': 'var(--hover)',
  '--mantine-color-default-color': 'var(--text)',
  '--mantine-color-default-border': 'var(--line-strong)',
  '--mantine-color-gray-light-hover': 'var(--hover)',
  '--mantine-color-gray-light-color': 'var(--muted)',
}

export const variables: CSSVariablesResolver = () => ({ variables: {}, light: ours, dark: ours })
