import { expect } from '@open-wc/testing';
import type { UserRole } from '../../../src/drivers/driver.js';
import { Permission } from '../../../src/drivers/livekit/permission.js';
import { participant, permissions } from './fake-room.js';

const { signal } = new AbortController();

function setUp(canPublish: boolean): {
  permission: Permission;
  grant: (canPublish: boolean) => void;
  told: UserRole[];
} {
  const local = participant('me', [], { permissions: permissions(canPublish) });
  const told: UserRole[] = [];
  const permission = new Permission(local, (role) => told.push(role));
  permission.role = permission.granted;
  return {
    permission,
    told,
    grant: (can) => {
      local.permissions = permissions(can);
      permission.changed();
    },
  };
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('livekit: permission', () => {
  it('is there at once when it is granted already', async () => {
    const { permission } = setUp(true);
    expect(await permission.wait('anchor', signal)).to.equal(true);
  });

  it('is there as soon as LiveKit grants it', async () => {
    const { permission, grant } = setUp(false);
    const waited = permission.wait('anchor', signal);
    grant(true);
    expect(await waited).to.equal(true);
  });

  it('is not there when LiveKit says nothing for two seconds', async () => {
    const { permission } = setUp(false);
    const start = performance.now();
    expect(await permission.wait('anchor', signal)).to.equal(false);
    expect(performance.now() - start).to.be.at.least(1_900);
  });

  it('is not waited for when overtaken', async () => {
    const { permission } = setUp(false);
    const overtaken = new AbortController();
    const waited = permission.wait('anchor', overtaken.signal);
    overtaken.abort();
    expect(await waited).to.equal(false);
  });

  it('tells a role that nobody asked for, a second later', async () => {
    const { grant, told } = setUp(true);
    grant(false);
    await later(500);
    expect(told).to.deep.equal([]);
    await later(1_000);
    expect(told).to.deep.equal(['audience']);
  });

  it('does not tell one whose question comes meanwhile', async () => {
    const { permission, grant, told } = setUp(false);
    grant(true);
    permission.role = 'anchor';
    expect(await permission.wait('anchor', signal)).to.equal(true);
    await later(1_500);
    expect(told).to.deep.equal([]);
  });
});
