/** The last resort: a view failed, and a fresh page is the way on. */
import type { JSX } from "solid-js";
import { messageOf } from "../../net/problem";
import { Button } from "../../ui/Button";
import { Empty } from "../../ui/Empty";

export function Broken(props: { reason: unknown }): JSX.Element {
  return (
    <Empty
      icon="warning"
      title="Something went wrong"
      actions={<Button onClick={() => location.reload()}>Reload the page</Button>}
    >
      {messageOf(props.reason)}
    </Empty>
  );
}
