import { expect, test } from 'vitest'
import { configText } from './config'

test('configuration reads as YAML', () => {
  const config = {
    services: { web: { init: true, ports: ['127.0.0.1:8080:80'] } },
    compose: 'name: shop\nservices:\n  web: {}\n',
    port: '8080',
    empty: {},
  }
  expect(configText(config)).toBe(
    [
      'services:',
      '  web:',
      '    init: true',
      '    ports:',
      '      - 127.0.0.1:8080:80',
      'compose: |',
      '  name: shop',
      '  services:',
      '    web: {}',
      'port: "8080"',
      'empty: {}',
    ].join('\n'),
  )
})
