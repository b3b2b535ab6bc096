// New pods for old, at the pace of the rollout.
import { kubectl_of_restart, one_of, restart, type Target } from "../../api/actions";
import { open_dialog } from "../dialog";
import { toast } from "../toast";
import { ActionForm } from "./form";

export const open_restart = (o: Target): void =>
  void open_dialog((close) => <Restart o={o} close={close} />, { title: `Restart ${one_of(o.kind)} ${o.name}` });

function Restart({ o, close }: { o: Target; close: () => void }) {
  const after = () => {
    close();
    toast({ text: `${o.name} restarts`, kind: "ok" });
  };
  return (
    <ActionForm verb="Restart" kubectl={kubectl_of_restart(o)} close={close} run={() => restart(o)} after={after}>
      <p>New pods replace the present ones, as fast as the rollout strategy allows. Nothing else changes.</p>
    </ActionForm>
  );
}
