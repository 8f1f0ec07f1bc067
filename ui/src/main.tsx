import './theme/mantine'
import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { whenSignedOut } from './api/client'
import { meQuery } from './api/queries'
import { Refused } from './api/refused'
import { paths } from './paths'
import { makeRouter } from './routes'
import { theme, variables } from './theme/theme'
import { Toasts } from './widgets/Toasts'

const RETRIES = 2
const scheme = localStorageColorSchemeManager({ key: 'stella-theme' })

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5000,
      retry: (failures, error) =>
        failures < RETRIES && error instanceof Refused && error.problem.retry_may_help === true,
    },
  },
})
const router = makeRouter(client)

whenSignedOut(() => {
  client.removeQueries({ queryKey: meQuery.queryKey })
  const here = router.state.location
  if (here.pathname !== '/sign-in') void router.navigate(paths.signIn(here.href))
})

const place = document.getElementById('root')
if (place === null) throw new Error('index.html lacks its root')
createRoot(place).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      colorSchemeManager={scheme}
      defaultColorScheme="auto"
    >
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
        <Toasts />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
