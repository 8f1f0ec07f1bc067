import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** During development the API is the real server's, at the address it listens on by default. */
const server = 'http://127.0.0.1:8421'

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: '../build/ui',
    emptyOutDir: true,
    target: 'es2023',
    reportCompressedSize: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': { target: server, changeOrigin: true } } },
})
