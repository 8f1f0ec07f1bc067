// The routes that the console calls, in the shape openapi-typescript writes.
import type * as T from './types'

interface Answer<Body> {
  responses: {
    200: { content: { 'application/json': Body } }
    default: { content: { 'application/problem+json': T.Problem } }
  }
}
type Query = Record<string, string | number | boolean | undefined>
type Get<Body, Path = undefined> = {
  get: {
    parameters: Path extends undefined ? { query?: Query } : { query?: Query; path: Path }
  } & Answer<Body>
}
type Sends<Content, Body, Path> = {
  parameters: Path extends undefined ? { query?: Query } : { query?: Query; path: Path }
  requestBody: { content: { 'application/json': Content } }
} & Answer<Body>
type Post<Content, Body, Path = undefined> = { post: Sends<Content, Body, Path> }
type Nothing = Record<string, never>
interface Id {
  id: string
}
interface Name {
  name: string
}

export interface paths {
  '/api/v1/version': Get<T.Version>
  '/api/v1/login': Post<{ name: string; password: string }, { user: T.Person; expiresAt: string }>
  '/api/v1/logout': Post<Nothing, undefined>
  '/api/v1/me': Get<T.Me>
  '/api/v1/users': Get<T.Page<T.User>> & Post<{ name: string; password?: string; roles: string[] }, T.User>
  '/api/v1/users/{id}': {
    patch: Sends<{ roles?: string[]; disabled?: boolean; password?: string }, T.User, Id>
  }
  '/api/v1/tokens': Get<T.Page<T.Token>> &
    Post<{ name: string; roles?: string[]; expiresInDays?: number }, T.NewToken>
  '/api/v1/tokens/{id}': { delete: { parameters: { path: Id } } & Answer<undefined> }
  '/api/v1/environments': Get<T.Page<T.Environment>>
  '/api/v1/environments/{name}': Get<T.Environment, Name>
  '/api/v1/environments/{name}/rollback': Post<{ reason: string; release?: string }, T.Promotion, Name>
  '/api/v1/freezes': Get<T.Page<T.Freeze>> &
    Post<{ environment: string; startsAt?: string; endsAt: string; reason: string }, T.Freeze>
  '/api/v1/freezes/{id}/end': Post<{ reason: string }, T.Freeze, Id>
  '/api/v1/policies/{name}': Get<T.Policy, Name>
  '/api/v1/scans': Post<{ reference: string }, { scans: T.Scan[] }>
  '/api/v1/scans/{id}': Get<T.Scan, Id>
  '/api/v1/scans/{id}/findings': Get<T.Page<T.Finding>, Id>
  '/api/v1/releases': Get<T.Page<T.Release>> &
    Post<{ name: string; version: string; components: Record<string, string> }, T.Release>
  '/api/v1/releases/{id}': Get<T.Release, Id>
  '/api/v1/releases/{id}/withdraw': Post<{ reason: string }, T.Release, Id>
  '/api/v1/releases/{id}/diff/{other}': Get<T.ReleaseDiff, Id & { other: string }>
  '/api/v1/promotions': Get<T.Page<T.Promotion>> &
    Post<{ release: string; environment: string; reason?: string }, T.Promotion>
  '/api/v1/promotions/preview': Post<{ release: string; environment: string }, T.Preview>
  '/api/v1/promotions/{id}': Get<T.Promotion, Id>
  '/api/v1/promotions/{id}/approve': Post<{ planDigest: string; comment: string }, T.Promotion, Id>
  '/api/v1/promotions/{id}/reject': Post<{ comment: string }, T.Promotion, Id>
  '/api/v1/promotions/{id}/cancel': Post<{ comment: string }, T.Promotion, Id>
  '/api/v1/promotions/{id}/evaluate': Post<Nothing, T.Promotion, Id>
  '/api/v1/deployments': Get<T.Page<T.Deployment>>
  '/api/v1/deployments/{id}': Get<T.Deployment, Id>
  '/api/v1/deployments/{id}/log': Get<{ items: T.LogLine[] }, Id>
  '/api/v1/matrix': Get<T.Matrix>
  '/api/v1/agents': Get<T.Page<T.Agent>>
  '/api/v1/agents/tokens': Post<{ name: string }, T.EnrolToken>
  '/api/v1/agents/{id}/revoke': Post<{ reason: string }, T.Agent, Id>
  '/api/v1/evidence': Get<T.Page<T.EvidenceRef>>
  '/api/v1/evidence/{id}': Get<T.Evidence, Id>
  '/api/v1/facts': Get<T.Page<T.Fact>>
  '/api/v1/audit/verify': Get<T.Chain>
  '/api/v1/doctor': Get<{ checks: T.Check[] }>
}
