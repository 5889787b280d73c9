/** One way from the outside to a service. */
export interface Location {
  readonly host: string;
  /** `/` or a path without a slash at its end. */
  readonly path: string;
  /** Name of the upstream. */
  readonly upstream: string;
  /** The service sees paths without this one's prefix. */
  readonly strip: boolean;
  /** Requests a second and burst for each client address, or no limit. */
  readonly limit: { readonly perSecond: number; readonly burst: number } | undefined;
  /** Address blocks that may come in, or everybody. */
  readonly allow: readonly string[] | undefined;
  /** Paths below this one that do not exist for the outside. */
  readonly hidden: readonly string[];
}

export interface Upstream {
  readonly name: string;
  /** `agents-api.physics-assistant.svc.cluster.local` */
  readonly address: string;
  readonly port: number;
  /** Name of the single pods, where a browser stays with one of them. */
  readonly podsAddress: string | undefined;
}

export interface NginxProps {
  readonly locations: readonly Location[];
  readonly upstreams: readonly Upstream[];
  readonly workerProcesses: 'auto' | number;
  readonly maxBodyMiB: number;
  readonly timeoutSeconds: number;
  readonly trustedProxies: readonly string[];
  /** Further names of a host. */
  readonly aliases: Readonly<Record<string, readonly string[]>>;
  /** Plain HTTP is sent to HTTPS. */
  readonly tls: boolean;
}

/** Where the gateway listens: traffic, and its own state for probes. */
export const ports = { http: 8080, status: 8081 } as const;

const indent = (text: string, by: string): string => text.replaceAll(/^(?=.)/gm, by);

const block = (head: string, lines: readonly string[]): string => `${head} {\n${indent(lines.join('\n'), '  ')}\n}`;

const zoneOf = (limit: { readonly perSecond: number }): string => `clients_${limit.perSecond}`;

/** Seen by everybody who asks, error pages included. A header in a location would drop all of these. */
const headers = [
  'add_header Strict-Transport-Security $hsts always;',
  'add_header X-Content-Type-Options nosniff always;',
  'add_header X-Frame-Options DENY always;',
  'add_header Referrer-Policy strict-origin-when-cross-origin always;',
];

/** What a service may believe: the client's own claims about itself are replaced, not continued. */
const proxyHeaders = [
  'proxy_set_header Host $host;',
  'proxy_set_header X-Real-IP $remote_addr;',
  'proxy_set_header X-Forwarded-For $remote_addr;',
  'proxy_set_header X-Forwarded-Proto $scheme_outside;',
  'proxy_set_header X-Request-ID $request_id;',
  'proxy_set_header Upgrade $http_upgrade;',
  'proxy_set_header Connection $connection_upgrade;',
];

function upstream({ name, address, port, podsAddress }: Upstream, tls: boolean): string {
  // Looked up again and again, so it may appear after the gateway and its pods may move.
  const server = (host: string, role = '') => `server ${host}:${port} resolve max_fails=0${role};`;
  const servers = podsAddress
    ? [
        // By cookie: every pod of the gateway agrees on it, and a whole school behind one address is still spread.
        `sticky cookie ${name}-pod path=/ httponly samesite=lax${tls ? ' secure' : ''};`,
        server(podsAddress),
        // The names of pods are missing for some seconds after the first of them is ready: until then any will do.
        server(address, ' backup'),
      ]
    : [server(address)];
  return block(`upstream ${name}`, [`zone ${name} 64k;`, ...servers, 'keepalive 32;']);
}

function location(route: Location): string[] {
  const { path, limit, allow, hidden, strip } = route;
  const body = [
    ...(allow ? [...allow.map((cidr) => `allow ${cidr};`), 'deny all;'] : []),
    ...(limit ? [`limit_req zone=${zoneOf(limit)} burst=${limit.burst} nodelay;`] : []),
    ...(strip && path !== '/' ? [...proxyHeaders, `proxy_set_header X-Forwarded-Prefix ${path};`] : []),
    `proxy_pass http://${route.upstream}${strip && path !== '/' ? '/' : ''};`,
  ];
  const base = path === '/' ? '/' : `${path}/`;
  const concealed = hidden.map((name) => `location ^~ ${base}${name} { return 404; }`);
  if (path === '/') return [...concealed, block('location /', body)];
  const bare = strip ? `location = ${path} { return 308 ${path}/; }` : block(`location = ${path}`, body);
  return [...concealed, bare, block(`location ${base}`, body)];
}

const server = (hosts: readonly string[], locations: readonly Location[]): string =>
  block('server', [
    `listen ${ports.http};`,
    `server_name ${hosts.join(' ')};`,
    'if ($insecure) { return 308 https://$host$request_uri; }',
    ...locations.flatMap(location),
  ]);

/**
 * The whole nginx.conf of the edge. Limits hold for each gateway pod: with N pods a client may get up to N times the
 * figure. Bodies and answers stream through, so no upload fills a disk.
 */
export function nginxConf(props: NginxProps): string {
  const hosts = [...new Set(props.locations.map(({ host }) => host))];
  const limits = new Map(props.locations.flatMap(({ limit }) => (limit ? [[zoneOf(limit), limit.perSecond]] : [])));
  const http = [
    'include /tmp/resolver.conf;',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path /tmp/${name};`),
    'default_type application/octet-stream;',
    'server_tokens off;',
    // Else a redirect names port 8080, which only the cluster knows.
    'absolute_redirect off;',
    'server_names_hash_bucket_size 128;',
    `log_format json escape=json '{"time":"$time_iso8601","client":"$remote_addr","id":"$request_id","host":"$host",' ` +
      `'"method":"$request_method","path":"$uri","status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,' ` +
      `'"upstream":"$upstream_addr","upstream_seconds":"$upstream_response_time"}';`,
    'access_log /dev/stdout json;',
    'keepalive_timeout 65s;',
    `client_max_body_size ${props.maxBodyMiB}m;`,
    'proxy_http_version 1.1;',
    'proxy_connect_timeout 5s;',
    `proxy_read_timeout ${props.timeoutSeconds}s;`,
    `proxy_send_timeout ${props.timeoutSeconds}s;`,
    'proxy_request_buffering off;',
    'proxy_max_temp_file_size 0;',
    'gzip on;',
    'gzip_min_length 10240;',
    'gzip_proxied any;',
    'gzip_types text/plain text/css text/javascript application/javascript application/json image/svg+xml;',
    ...props.trustedProxies.map((cidr) => `set_real_ip_from ${cidr};`),
    'real_ip_header X-Forwarded-For;',
    'real_ip_recursive on;',
    "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }",
    'map $http_x_forwarded_proto $scheme_outside { default http; https https; }',
    "map $http_x_forwarded_proto $hsts { default ''; https 'max-age=31536000; includeSubDomains'; }",
    `map $http_x_forwarded_proto $insecure { default 0; http ${props.tls ? 1 : 0}; }`,
    ...proxyHeaders,
    "proxy_set_header X-Forwarded-Prefix '';",
    ...headers,
    'limit_req_status 429;',
    ...[...limits].map(([zone, rate]) => `limit_req_zone $binary_remote_addr zone=${zone}:10m rate=${rate}r/s;`),
    ...props.upstreams.map((service) => upstream(service, props.tls)),
    ...hosts.map((host) =>
      server(
        [host, ...(props.aliases[host] ?? [])],
        props.locations.filter((route) => route.host === host),
      ),
    ),
    block('server', [`listen ${ports.http} default_server;`, 'server_name _;', 'return 404;']),
    block('server', [
      `listen ${ports.status};`,
      'access_log off;',
      "location = /healthz { default_type text/plain; return 200 'ok'; }",
      'location = /stub_status { stub_status; }',
    ]),
  ];
  return `${[
    `worker_processes ${props.workerProcesses};`,
    'worker_shutdown_timeout 25s;',
    'pid /tmp/nginx.pid;',
    'error_log /dev/stderr warn;',
    block('events', ['worker_connections 1024;']),
    block('http', http),
  ].join('\n')}\n`;
}
