import type * as OnePasswordSdk from '@1password/sdk';

/** The three kinds of failure for which the SDK has a class. They keep the name "Error": only `instanceof` tells them. */
export type ErrorClass = 'RateLimitExceededError' | 'AuthExpiredError' | 'DesktopSessionExpiredError';

/** The part of 1Password's SDK that we use, in its own types: what a stand-in for tests has to offer. */
export interface Sdk extends Pick<
  typeof OnePasswordSdk,
  ErrorClass | 'DesktopAuth' | 'ItemCategory' | 'ItemFieldType'
> {
  createClient(config: Parameters<typeof OnePasswordSdk.createClient>[0]): Promise<SdkClient>;
}

export interface SdkClient {
  readonly vaults: Pick<OnePasswordSdk.Client['vaults'], 'list'>;
  readonly items: Pick<OnePasswordSdk.Client['items'], 'list' | 'get' | 'getAll' | 'create' | 'put' | 'deleteAll'>;
  readonly secrets: Pick<OnePasswordSdk.Client['secrets'], 'resolveAll'>;
}
