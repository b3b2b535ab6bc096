// The store: how it is, and what is in it. For administrators.
import { is_admin } from "../api/session";
import { Empty } from "../ui/state";
import { ListHead } from "./parts/list_head";
import { StoreKeys } from "./store/keys";
import { StoreStatus } from "./store/status";
import "./store/store.css";

export default function Store() {
  return (
    <>
      <ListHead title="Store" />
      {is_admin() ? (
        <>
          <StoreStatus />
          <StoreKeys />
        </>
      ) : (
        <Empty teach="appliance store status">
          The store holds everything, Secrets too: only administrators see it here.
        </Empty>
      )}
    </>
  );
}
