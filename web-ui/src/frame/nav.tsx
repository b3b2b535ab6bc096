// The navigation: at the left; under 640 px at the bottom, where the last entry opens the rest.
import { useEffect, useState } from "preact/hooks";
import { PAGES, type Page } from "../pages/pages";
import { href, place } from "../router";
import { Icon, is_icon } from "../ui/icons";

function Entry({ page, current }: { page: Page; current: boolean }) {
  const prefetch = () => void page.load().catch(() => undefined); // opening it says what is wrong
  return (
    <li>
      <a
        href={href(page.id)}
        aria-current={current ? "page" : undefined}
        onPointerEnter={prefetch}
        onFocus={prefetch}
        title={page.key ? `g ${page.key}` : undefined}
      >
        {is_icon(page.id) && <Icon name={page.id} />}
        <span>{page.title}</span>
      </a>
    </li>
  );
}

export function Nav() {
  const [all, set_all] = useState(false);
  const here = place.value;
  const page = here.split("/")[0];
  useEffect(() => set_all(false), [here]);
  return (
    <nav class="nav" aria-label="Pages" data-all={all}>
      <ul>
        {PAGES.filter((one) => one.nav).map((one) => (
          <Entry key={one.id} page={one} current={one.id === page} />
        ))}
      </ul>
      <button type="button" class="nav-more" aria-expanded={all} onClick={() => set_all(!all)}>
        <Icon name={all ? "close" : "more"} />
        <span>{all ? "Less" : "More"}</span>
      </button>
    </nav>
  );
}
