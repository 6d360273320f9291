// Isolators that an image asks for, in its own manifest.

export interface ImagesApp {
  /** The manifest of the pod names the app's user or group. */
  readonly namesUser: boolean;
}

/** The value that applies, or what the image must not decide, as in `image X asks for ISOLATOR: …`. */
export type OfImage = { readonly value: unknown } | { readonly refused: string };
