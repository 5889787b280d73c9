import { nginxConf, type NginxProps } from '../../charts/blocks/gateway/nginx';

const location = { strip: false, limit: undefined, allow: undefined, hidden: [] };
const upstream = { address: 'api.school.svc.cluster.local', port: 8000, podsAddress: undefined };
const props: NginxProps = {
  locations: [{ ...location, host: 'physics.school.edu', path: '/', upstream: 'api' }],
  upstreams: [{ ...upstream, name: 'api' }],
  workerProcesses: 'auto',
  maxBodyMiB: 100,
  timeoutSeconds: 300,
  trustedProxies: ['10.0.0.0/8'],
  aliases: {},
  tls: true,
};

test('ALL-04 ALL-05 the whole configuration of an edge with every kind of route', () => {
  const limit = { perSecond: 10, burst: 20 };
  const conf = nginxConf({
    ...props,
    locations: [
      { ...location, host: 'physics.school.edu', path: '/', upstream: 'ui' },
      {
        host: 'physics.school.edu',
        path: '/api',
        upstream: 'api',
        strip: true,
        limit,
        allow: undefined,
        hidden: ['docs'],
      },
      { ...location, host: 'admin.school.edu', path: '/flower', upstream: 'flower', allow: ['203.0.113.0/24'] },
    ],
    upstreams: [
      {
        name: 'ui',
        address: 'ui.school.svc.cluster.local',
        port: 8501,
        podsAddress: 'ui-pods.school.svc.cluster.local',
      },
      { ...upstream, name: 'api' },
      { name: 'flower', address: 'flower.school.svc.cluster.local', port: 5555, podsAddress: undefined },
    ],
  });
  expect(conf).toMatchSnapshot();
});

const lines = (conf: string) => conf.split('\n').map((line) => line.trim());

test('ALL-03 plain HTTP is sent to HTTPS, path and host kept', () => {
  expect(lines(nginxConf(props))).toEqual(
    expect.arrayContaining([
      'map $http_x_forwarded_proto $insecure { default 0; http 1; }',
      'if ($insecure) { return 308 https://$host$request_uri; }',
    ]),
  );
});

test('a redirect does not name the port of the pod', () => {
  const conf = nginxConf({
    ...props,
    locations: [{ ...location, host: 'a.edu', path: '/api', upstream: 'api', strip: true }],
  });
  expect(lines(conf)).toEqual(
    expect.arrayContaining(['absolute_redirect off;', 'location = /api { return 308 /api/; }']),
  );
});

test('two routes of one limit share a zone, two limits have two', () => {
  const limited = (path: string, perSecond: number) => ({
    ...location,
    host: 'physics.school.edu',
    path,
    upstream: 'api',
    limit: { perSecond, burst: 5 },
  });
  const conf = nginxConf({ ...props, locations: [limited('/a', 10), limited('/b', 10), limited('/c', 1)] });
  expect(lines(conf).filter((line) => line.startsWith('limit_req_zone'))).toEqual([
    'limit_req_zone $binary_remote_addr zone=clients_10:10m rate=10r/s;',
    'limit_req_zone $binary_remote_addr zone=clients_1:10m rate=1r/s;',
  ]);
});

test('a host that nobody declared is answered with 404', () => {
  expect(nginxConf(props)).toContain('listen 8080 default_server;\n    server_name _;\n    return 404;');
});

test('every brace that is opened is closed', () => {
  const conf = nginxConf(props);
  expect(conf.split('{').length).toBe(conf.split('}').length);
});

test('GOV-18 further names of a host are served as the host is', () => {
  const conf = nginxConf({ ...props, aliases: { 'physics.school.edu': ['www.physics.school.edu'] } });
  expect(lines(conf)).toContain('server_name physics.school.edu www.physics.school.edu;');
});
