import '@fontsource-variable/inter/wght.css'
import './mantine.css'
import './app.css'
import './shell/shell.css'
import './review/frame.css'
import './kinds/options.css'
import './kinds/marks/marks.css'
import './kinds/boxes/boxes.css'
import './kinds/writing.css'
import './kinds/form.css'
import './review/content.css'
import './review/case.css'
import './shell/notices.css'
import './pages/pages.css'
import './phones.css'
import './review/review.css'
import { MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { setNonce } from 'get-nonce'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Redirect, Route, Switch, useRoute } from 'wouter'
import { CommandProvider } from './lib/commands'
import { useSession } from './lib/session'
import { Home } from './pages/Home'
import { Invitation } from './pages/Invitation'
import { ReviewPage } from './review/ReviewPage'
import { routes } from './shell/routes'
import { Shell } from './shell/Shell'
import { SignIn } from './shell/SignIn'
import { theme } from './theme'

const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? ''
setNonce(nonce) // for the style that keeps the page from scrolling under a dialog
const client = new QueryClient({ defaultOptions: { queries: { staleTime: 30_000 } } })

function App() {
  const { data: session, isPending, error } = useSession()
  const [isInvited, invitation] = useRoute('/invitation/:secret')
  if (isInvited) return <Invitation secret={invitation.secret} />
  if (isPending) return <main className="frame" aria-busy="true" />
  if (error)
    return (
      <main className="gate">
        <p className="bad" role="alert">
          {error.message} This page tries again by itself.
        </p>
      </main>
    )
  if (!session)
    return (
      <main className="gate">
        <SignIn title="Prelabel" />
      </main>
    )
  return (
    <Shell>
      <Switch>
        <Route path="/">
          <Home />
        </Route>
        <Route path="/review">
          <ReviewPage />
        </Route>
        <Route path="/review/:run">{({ run }) => <ReviewPage key={run} runId={Number(run)} />}</Route>
        <Route path="/disagreements">
          <ReviewPage forSenior />
        </Route>
        {routes}
        <Route>
          <Redirect to="/" />
        </Route>
      </Switch>
    </Shell>
  )
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={client}>
        <CommandProvider>
          <App />
        </CommandProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
)
