// S3Proxy over a local folder: real signatures, multipart uploads and `If-None-Match: *`, which is all Foz asks of an
// object store. (Its `If-Match` is not atomic: nothing here may depend on that.)

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { propertiesText, type Component, type StackEndpoints } from './component.ts';

export const s3Component: Component<'s3'> = {
  name: 's3',
  needs: [],
  ports: ['http'],
  readyMaxMs: 60_000,
  endpoint: (ports, { secrets, settings }) => ({
    endpoint: `http://127.0.0.1:${ports['http']}`,
    region: 'us-east-1',
    bucket: settings.s3Bucket,
    accessKey: secrets.s3AccessKey,
    secretKey: secrets.s3SecretKey,
  }),
  prepare: async (ports, context) => {
    const { layout, secrets, settings } = context;
    const [jars, java] = await Promise.all([context.jars(), context.java()]);
    const confDir = await layout.confDir('s3');
    const config = join(confDir, 's3proxy.conf');
    const text = propertiesText({
      's3proxy.endpoint': `http://127.0.0.1:${ports['http']}`,
      's3proxy.authorization': 'aws-v2-or-v4',
      's3proxy.identity': secrets.s3AccessKey,
      's3proxy.credential': secrets.s3SecretKey,
      // Trino asks listings for attributes that S3Proxy does not know, and could not make a table without this
      's3proxy.ignore-unknown-headers': true,
      'jclouds.provider': 'filesystem-nio2',
      'jclouds.filesystem.basedir': await layout.dataDir('s3'),
    });
    await writeFile(config, text, { mode: 0o600 });
    // not -XX:TieredStopAtLevel=1: checksums of large uploads are worth the second compiler
    const jvm = ['-Xms64m', '-Xmx384m', '-XX:+UseSerialGC', '-Xshare:auto', '-XX:-UsePerfData', '-Djava.net.preferIPv4Stack=true'];
    return {
      command: java.java,
      args: [...jvm, ...(settings.jvmOptions['s3'] ?? []), '-cp', jars.s3proxy, 'org.gaul.s3proxy.Main', '--properties', config],
      cwd: confDir,
      env: {},
      log: layout.log('s3'),
      stopSignal: 'SIGTERM',
      stopGraceMs: 5000,
    };
  },
  probe: async (endpoint, signal) => {
    const client = clientOf(endpoint);
    try {
      await client.send(new ListBucketsCommand({}), { abortSignal: signal });
    } finally {
      client.destroy();
    }
  },
  setUp: async (endpoint) => {
    const client = clientOf(endpoint);
    try {
      await client.send(new CreateBucketCommand({ Bucket: endpoint.bucket }));
    } catch (error) {
      const isThere = error instanceof Error && /BucketAlready(OwnedByYou|Exists)/.test(error.name);
      if (!isThere) throw error;
    } finally {
      client.destroy();
    }
  },
};

function clientOf(endpoint: StackEndpoints['s3']): S3Client {
  const credentials = { accessKeyId: endpoint.accessKey, secretAccessKey: endpoint.secretKey };
  return new S3Client({ endpoint: endpoint.endpoint, region: endpoint.region, forcePathStyle: true, maxAttempts: 1, credentials });
}
