import { OF_A_PROCESS } from './fixed.ts';
import { isOne, statusField, unlessEmpty } from './in-force.ts';
import type { Draft, Isolator } from './isolator.ts';

function lower(value: boolean, draft: Draft): void {
  draft.process.noNewPrivileges = value;
}

export const NO_NEW_PRIVILEGES: Isolator<boolean> = {
  name: 'os/linux/no-new-privileges',
  example: true,
  scopes: ['app'],
  schema: {
    type: 'boolean',
    description:
      'Whether set-user-id bits and file capabilities have no effect for the app and all processes it starts. Default: true; in appc the default is false. Set it to false for an image that needs sudo, or ping with file capabilities.',
  },
  lower,
  ofImage: (value) => (value ? { value } : { refused: 'false lets set-user-id programs of the image gain privileges' }),
  fixed: OF_A_PROCESS,
  readBack: (source) => unlessEmpty({ on: isOne(statusField(source, 'NoNewPrivs')) }),
};
