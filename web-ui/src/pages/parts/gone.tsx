// What is shown is the last that was seen of an object: it has been deleted since.
export function Gone({ one, command }: { one: string; command?: string }) {
  return (
    <div class="gone" role="status">
      <p>This {one} has been deleted; what stands here is the last that was seen of it.</p>
      {command && (
        <p>
          <code>{command}</code>
        </p>
      )}
    </div>
  );
}
