// The conditions of an object, each with its reason.
import { Age } from "../../ui/age";
import { StatusMark } from "../../ui/status";
import { condition_severity } from "../model/condition";
import { seconds_of, type Condition } from "../model/types";
import { SmallTable } from "./parts";

export function Conditions({ list }: { list: Condition[] | undefined }) {
  if (!list?.length) return <p class="muted">None has been reported yet.</p>;
  return (
    <SmallTable
      label="Conditions"
      columns={["Condition", "Is", "For", "Reason", "Message"]}
      rows={list.map((one) => ({
        key: one.type,
        severity: condition_severity(one),
        cells: [
          one.type,
          <StatusMark severity={condition_severity(one)} word={one.status} />,
          <Age t={seconds_of(one.lastTransitionTime)} />,
          one.reason ?? "",
          one.message ?? "",
        ],
      }))}
    />
  );
}
