import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  plugins: [react()],
  server: { proxy: { '/v1': process.env.PRELABEL_URL ?? 'http://127.0.0.1:8000' } },
  build: { target: 'es2022', outDir: '../api/prelabel_api/static', emptyOutDir: true, assetsInlineLimit: 0 },
  test: { environment: 'happy-dom' },
})
