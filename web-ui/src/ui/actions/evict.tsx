// One pod leaves its node; whoever owns it makes another.
import { evict, kubectl_of_evict, type Target } from "../../api/actions";
import { open_dialog } from "../dialog";
import { toast } from "../toast";
import { ActionForm } from "./form";

export const open_evict = (o: Target): void =>
  void open_dialog((close) => <Evict o={o} close={close} />, { title: `Evict pod ${o.name}` });

function Evict({ o, close }: { o: Target; close: () => void }) {
  const after = () => {
    close();
    toast({ text: `${o.name} is being evicted`, kind: "ok" });
  };
  return (
    <ActionForm verb="Evict" danger kubectl={kubectl_of_evict(o)} close={close} run={() => evict(o)} after={after}>
      <p>The pod ends in its own time. Its controller, if it has one, starts another; without one it is gone.</p>
    </ActionForm>
  );
}
