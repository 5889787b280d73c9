'use strict';

const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** @param {string} text */
const quote = (text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

/** What Prometheus scrapes: the names that dashboards and rules of a platform read. */
class Metrics {
  constructor() {
    /** @type {Map<string, number>} by label set */
    this.requests = new Map();
    this.buckets = bounds.map(() => 0);
    this.sum = 0;
    this.count = 0;
  }

  /**
   * Counts a request that was answered.
   * @param {string} method
   * @param {number} status
   * @param {number} seconds
   */
  observe(method, status, seconds) {
    const labels = `method=${quote(method)},status="${status}"`;
    this.requests.set(labels, (this.requests.get(labels) ?? 0) + 1);
    this.buckets = this.buckets.map((count, index) => count + (seconds <= (bounds[index] ?? 0) ? 1 : 0));
    this.sum += seconds;
    this.count += 1;
  }

  /**
   * The Prometheus text format, version 0.0.4.
   * @param {Map<string, { status: 'up' | 'down' }>} connections
   */
  text(connections) {
    /** @type {(name: string, type: string, help: string, samples: string[]) => string} */
    const family = (name, type, help, samples) =>
      `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map((sample) => `${name}${sample}\n`).join('')}`;
    return [
      family(
        'http_requests_total',
        'counter',
        'Requests answered.',
        [...this.requests].map(([labels, count]) => `{${labels}} ${count}`),
      ),
      family(
        'http_request_duration_seconds',
        'histogram',
        'Time from the head of a request to the end of its answer.',
        [
          ...this.buckets.map((count, index) => `_bucket{le="${bounds[index]}"} ${count}`),
          `_bucket{le="+Inf"} ${this.count}`,
          `_sum ${this.sum}`,
          `_count ${this.count}`,
        ],
      ),
      family(
        'rehearsal_connection_up',
        'gauge',
        'Whether the last check of a declared connection went well.',
        [...connections].map(([name, { status }]) => `{connection=${quote(name)}} ${status === 'up' ? 1 : 0}`),
      ),
      family('process_start_time_seconds', 'gauge', 'Start of the process since the epoch.', [
        ` ${(Date.now() / 1000 - process.uptime()).toFixed(3)}`,
      ]),
      family('process_resident_memory_bytes', 'gauge', 'Resident memory.', [` ${process.memoryUsage.rss()}`]),
    ].join('');
  }
}

module.exports = { Metrics };
