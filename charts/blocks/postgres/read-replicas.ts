import { Construct } from 'constructs';
import { checkNeighbours, type Client, type Connectable, type Connection } from '../connection';

/** The replicas of a server as something that a client connects to beside the primary, or alone (GOV-04). */
export class ReadReplicas extends Construct implements Connectable {
  constructor(
    scope: Construct,
    id: string,
    private readonly open: (client: Client) => Connection,
  ) {
    super(scope, id);
  }

  connect(client: Client): Connection {
    checkNeighbours(client, this);
    return this.open(client);
  }
}
